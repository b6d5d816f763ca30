/** A key pair of EJSON, made for these tests by `ejson keygen`. */
export const EJSON_KEY = {
  public: "d4f20f5c4d05dd9b3ef485aad040a139d21c2612a135bdadbe0c36e973fe2b13",
  private: "94133a31cc210b4d780ba93e2ee78faf5d7a6435b394ce35435e6e0bfe085912",
};

/** What `ejson encrypt` (1.5.4) made of {@link EJSON_PLAIN}. */
export const EJSON_DOCUMENT = {
  _public_key: "d4f20f5c4d05dd9b3ef485aad040a139d21c2612a135bdadbe0c36e973fe2b13",
  _comment: "encrypted by ejson 1.5.4",
  openpgpkeys: {
    diy: "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:v4KNJiBkRzpdLPhcXMGmUruSb3SykxTr:5pPXfBBamYjr0QbOgNKPWIvn0NmAGdG+SlRk5jKQ9nMMyRM+onocukzA3ep+VLGd98dcqHB/WZjcgXv5e3vggq0Pubz72iZMWiEjIZVQ2qOsZ+4f3u/4Ro4/QTs8UbKcLJegY+SboOVsVwS1s225t7K/KtNJqk6XoZi0JOE=]",
    nobody: {
      key: "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:WMIHKoUHfxrX1Yo7uGBtAH1ow77m7MwD:LWXlyvSi5TRhl69b0EBesILouq+bk3GGVZY=]",
      passphrase:
        "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:s0sG5ykzHGXu63wkDwGMEva+uimJtWy8:+fY2QLBrTXtNT5LGd+Oqhyc8tOy1gUkmPgsKe6bd]",
    },
  },
  repositories: {
    acme: {
      token:
        "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:Nr0/4UTCQIlAEHsuFFCi7Xb5/ll0goBK:WuqkoJM0S7gNfUzyoxWDL0kF/UT879Tp7Q==]",
    },
    other: {
      username:
        "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:GXz8djXvMS3W6QeMKZjSQy007cVpoKGJ:yzm76Xa45tAph0wL67L9tew3LwCACFWd]",
      password:
        "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:9qk5BL0s1t5Ue9/irjd9p12HD+Y1c17Q:5UD6WQBXwTQAlzKkJWauMz1BMiDqaNfbvsXVlA==]",
    },
    app: {
      _app_id: "12345",
      _installation_id: "67890",
      private_key:
        "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:5nm2YEQFanMzso9IfMBQ9G97l+1/de/K:3PIJ2fze/0hN+TVUb604SVQ5hycFoHanCL+F]",
    },
  },
  datadog: {
    api_key:
      "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:yUqJqd6infExRJfyPEZeJ8RE/OHcxEdN:SC2Z81W6/8DC3vSb6fCorLLHLkmUuadRN2UK]",
    app_key:
      "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:aLGxwk1kmzo9EUEdCcnicZmJxm6A/4JC:/KfU734yqFipi2jxL5bMI3Xuu6AolrgXqHOW]",
  },
};

/** Every secret that Voucher knows, besides a passphrase, which is ours. */
export const EJSON_PLAIN = {
  _public_key: EJSON_KEY.public,
  _comment: EJSON_DOCUMENT._comment,
  openpgpkeys: {
    diy: '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nnot-a-real-key "quoted" \\ ü 🔑\n-----END PGP PRIVATE KEY BLOCK-----\n',
    nobody: { key: "locked-key", passphrase: "the-passphrase" },
  },
  repositories: {
    acme: { token: "the-token" },
    other: { username: "the-user", password: "the-password" },
    app: { _app_id: "12345", _installation_id: "67890", private_key: "the-app-key" },
  },
  datadog: { api_key: "the-api-key", app_key: "the-app-key" },
};
