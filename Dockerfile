# Voucher where no function runs: GKE, Cloud Run from an image, a machine of your own. Build the bundle first:
#
#   npm ci && npm run build && docker build --tag voucher .
#
# One image serves every function, by FUNCTION_TARGET, and is the command line too:
#
#   docker run -e FUNCTION_TARGET=onPush -v ./voucher.toml:/etc/voucher/config.toml:ro -p 8080:8080 voucher
#   docker run -v ./voucher.toml:/etc/voucher/config.toml:ro voucher voucher.mjs subscribe
#
# The bundle holds all packages but the framework, so nothing else is installed, and nothing that could install anything
# stays: the image has no shell and no npm.

FROM node:24-trixie-slim AS packages
WORKDIR /voucher
COPY dist/package.json dist/package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM gcr.io/distroless/nodejs24-debian13
WORKDIR /voucher
COPY --from=packages /voucher/node_modules ./node_modules
COPY LICENSE ./
COPY dist ./
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
ENV NODE_ENV=production PORT=8080 FUNCTION_TARGET=onPush
EXPOSE 8080
ENTRYPOINT ["/nodejs/bin/node"]
CMD ["node_modules/@google-cloud/functions-framework/build/src/main.js"]
