/**
 * Kubernetes' `runAsNonRoot` refuses to start an image whose user is a name, since a name may stand for root. This check
 * finds that out when the image is pushed: it passes where the user is a number of at least `least`.
 */
export function check({ least = 1 } = {}) {
  if (!Number.isSafeInteger(least) || least < 1) throw new Error("least must be a whole number above 0");
  return {
    description: `The image's user is a number of at least ${least}, as runAsNonRoot needs it.`,
    async judge(evidence) {
      const { user } = await evidence.imageConfig();
      const [name] = user.split(":");
      if (!/^[0-9]{1,10}$/.test(name)) {
        return { status: "fail", reason: `its user ${JSON.stringify(name)} is no number; write USER 10001` };
      }
      if (Number(name) < least) return { status: "fail", reason: `its user ${name} is below ${least}` };
      return { status: "pass" };
    },
  };
}
