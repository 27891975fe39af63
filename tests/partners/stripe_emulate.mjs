// Runs emulate's Stripe until standard input ends: stripe_emulate.mjs PACKAGES WEBHOOK_URL WEBHOOK_SECRET.
// Prints the address to call. emulate knows no inline prices (`price_data`): what Stripe does with one is done here
// over emulate's own API, a product and a price for each, before the request is passed on.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, webhookUrl, secret] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL(join(packages, "emulate/dist/api.js")));
const qs = createRequire(join(packages, "/"))("qs");

const front = createServer(pass).listen(0, "127.0.0.1");
await new Promise((ready) => front.once("listening", ready));
const url = `http://127.0.0.1:${front.address().port}`;

const port = await freePort();
const webhooks = [{ url: webhookUrl, events: ["*"], secret }];
const emulator = await createEmulator({ service: "stripe", port, baseUrl: url, seed: { stripe: { webhooks } } });

console.log(url);
process.stdin.on("end", async () => {
  front.close();
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

function ask(path, init) {
  return fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init });
}

async function create(path, headers, fields) {
  const answer = await ask(path, { method: "POST", headers, body: qs.stringify(fields) });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return (await answer.json()).id;
}

async function pass(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let body = Buffer.concat(chunks).toString();
  const { host, connection, "content-length": length, ...headers } = request.headers;
  if (request.method === "POST" && request.url === "/v1/checkout/sessions") {
    const fields = qs.parse(body);
    for (const item of fields.line_items ?? []) {
      const { currency, unit_amount, product_data } = item.price_data;
      const product = await create("/v1/products", headers, product_data);
      item.price = await create("/v1/prices", headers, { currency, unit_amount, product });
      delete item.price_data;
    }
    body = qs.stringify(fields);
  }
  const init = { method: request.method, headers, body: request.method === "POST" ? body : undefined };
  const answer = await ask(request.url, init);
  const passed = {};
  for (const name of ["content-type", "location"]) {
    if (answer.headers.has(name)) passed[name] = answer.headers.get(name);
  }
  response.writeHead(answer.status, passed).end(Buffer.from(await answer.arrayBuffer()));
}
