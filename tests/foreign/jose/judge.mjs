// jose: reads one question as JSON, writes its verdict as JSON.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const jose = await import(createRequire(`${process.cwd()}/`).resolve("jose"));
const asked = JSON.parse(readFileSync(0, "utf8"));

const verdicts = {
  verify: async () => {
    const keys = jose.createLocalJWKSet(asked.jwks);
    const { payload, protectedHeader } = await jose.jwtVerify(asked.token, keys, asked.options);
    return { claims: payload, header: protectedHeader };
  },
  sign: async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair(asked.alg);
    const header = { alg: asked.alg, kid: "judge", typ: "JWT" };
    const token = await new jose.SignJWT(asked.claims).setProtectedHeader(header).sign(privateKey);
    return { token, jwks: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "judge", use: "sig" }] } };
  },
};

const verdict = await verdicts[asked.do]().catch((error) => ({ refused: error.code, why: error.message }));
process.stdout.write(JSON.stringify(verdict));
