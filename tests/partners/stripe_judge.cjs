// Judges requests, a JSON array of {method, path, body} on standard input, by Stripe's OpenAPI description:
// stripe_judge.cjs DESCRIPTION. Prints each fault, and how many there are.

const { readFileSync } = require("node:fs");
const Ajv = require("ajv");
const qs = require("qs");

const api = JSON.parse(readFileSync(process.argv[2], "utf8"));
// A form knows only text, so numbers and booleans are read from it as the description says.
const ajv = new Ajv({ allErrors: true, coerceTypes: true, strict: false, validateFormats: false });
const FORM = "application/x-www-form-urlencoded";

// What the description leaves open: within a request an object may have other parameters where it says
// `additionalProperties` and nowhere else, as Stripe itself refuses unknown ones ("parameter_unknown").
function close(schema) {
  if (Array.isArray(schema)) return schema.forEach(close);
  if (schema === null || typeof schema !== "object") return;
  if (schema.type === "object" && schema.properties && schema.additionalProperties === undefined) {
    schema.additionalProperties = false;
  }
  Object.values(schema).forEach(close);
}

function operation(method, path) {
  for (const [template, item] of Object.entries(api.paths)) {
    const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`);
    if (pattern.test(path) && item[method.toLowerCase()]) return item[method.toLowerCase()];
  }
  return undefined;
}

const requests = JSON.parse(readFileSync(0, "utf8"));
let faults = 0;
const fault = (request, text) => {
  faults += 1;
  console.log(`${request.method} ${request.path}: ${text}`);
};
for (const request of requests) {
  const found = operation(request.method, request.path);
  if (!found) {
    fault(request, "is described nowhere");
    continue;
  }
  const schema = structuredClone(found.requestBody?.content?.[FORM]?.schema ?? { type: "object", maxProperties: 0 });
  close(schema);
  const validate = ajv.compile(schema);
  if (!validate(qs.parse(request.body, { depth: 10 }))) {
    for (const error of validate.errors) fault(request, `${error.instancePath} ${error.message}`);
  }
}
console.log(`${requests.length} requests judged, ${faults} faults`);
