// Judges requests, an array of {method, path, body} on standard input, by an OpenAPI description whose schemas are put
// together of others: api_judge.cjs DESCRIPTION PREFIX, where PREFIX is what the paths begin with that the description
// leaves to its server. A body is JSON or a form, as the description says; a member that no part of it describes is a
// fault. Prints each request that is at fault, and how many there are.

const { readFileSync } = require("node:fs");
const Ajv = require("ajv/dist/2020");
const qs = require("qs");

const [description, prefix] = process.argv.slice(2);
// Alternatives may overlap: endpoints of Vonage's calls differ by a member that none of them requires. One that fits is
// enough, so `oneOf` is read as `anyOf`.
const api = JSON.parse(readFileSync(description, "utf8").replaceAll('"oneOf"', '"anyOf"'));
// Vonage's demands a `message` of each message that it describes nowhere and that the API does not have.
const base = api.components.schemas.baseMessageType;
if (base) base.required = base.required.filter((name) => name !== "message");
// A form knows only text, so numbers and booleans are read from it as the description says.
const make = (coerceTypes) => {
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, coerceTypes });
  return ajv.addSchema({ $id: "api", components: api.components });
};
const kinds = {
  "application/json": [make(false), JSON.parse],
  "application/x-www-form-urlencoded": [make(true), (body) => qs.parse(body, { depth: 10 })],
};

function operation(method, path) {
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length) || "/";
  for (const [template, item] of Object.entries(api.paths)) {
    const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`);
    if (pattern.test(rest) && item[method.toLowerCase()]) return item[method.toLowerCase()];
  }
  return undefined;
}

// References of an operation are relative to the whole document.
function closed(schema) {
  const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
  return { allOf: [absolute], unevaluatedProperties: false };
}

const requests = JSON.parse(readFileSync(0, "utf8"));
let faults = 0;
for (const request of requests) {
  const content = operation(request.method, request.path)?.requestBody?.content ?? {};
  const kind = Object.keys(kinds).find((kind) => content[kind]);
  const [ajv, parse] = kinds[kind] ?? [];
  const validate = ajv?.compile(closed(content[kind].schema));
  if (!validate || !validate(parse(request.body))) {
    faults += 1;
    const why = (validate?.errors ?? [{ message: "is described nowhere" }]).map((e) => `${e.instancePath} ${e.message}`);
    console.log(`${request.method} ${request.path}: ${[...new Set(why)].join("; ")}`);
  }
}
console.log(`${requests.length} requests judged, ${faults} faults`);
