// Runs emulate's Twilio until standard input ends: twilio_emulate.mjs PACKAGES ACCOUNT TOKEN NUMBER WEBHOOK_URL.
// Prints the address to call.

import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, account, token, number, webhookUrl] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL(join(packages, "emulate/dist/api.js")));

const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const twilio = {
  account: { sid: account, auth_token: token },
  phone_numbers: [{ phone_number: number, sms_url: webhookUrl }],
};
const emulator = await createEmulator({ service: "twilio", port, baseUrl: url, seed: { twilio } });

console.log(url);
process.stdin.on("end", async () => {
  await emulator.close();
  process.exit(0);
});
process.stdin.resume();

function freePort() {
  const probe = createServer();
  return new Promise((found) =>
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    }),
  );
}
