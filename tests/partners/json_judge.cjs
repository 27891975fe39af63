// Judges requests with JSON bodies, an array of {method, path, body} on standard input, by an OpenAPI description:
// json_judge.cjs DESCRIPTION PREFIX, where PREFIX is what the paths begin with that the description leaves to its server.
// Prints each fault, and how many there are. What the description leaves open is closed: an unknown member is a fault.

const { readFileSync } = require("node:fs");
const Ajv = require("ajv");

const [description, prefix] = process.argv.slice(2);
const api = JSON.parse(readFileSync(description, "utf8"));

function close(schema) {
  if (Array.isArray(schema)) return schema.forEach(close);
  if (schema === null || typeof schema !== "object") return;
  if (schema.type === "object" && schema.properties && schema.additionalProperties === undefined) {
    schema.additionalProperties = false;
  }
  Object.values(schema).forEach(close);
}
close(api.components.schemas);
const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
ajv.addSchema({ $id: "api", components: api.components });

function operation(method, path) {
  for (const [template, item] of Object.entries(api.paths)) {
    const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`);
    if (path.startsWith(prefix) && pattern.test(path.slice(prefix.length)) && item[method.toLowerCase()]) {
      return item[method.toLowerCase()];
    }
  }
  return undefined;
}

// References of an operation are relative to the whole document.
function absolute(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
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
  const schema = found.requestBody?.content?.["application/json"]?.schema;
  if (!schema) {
    if (request.body) fault(request, "has a body");
    continue;
  }
  const validate = ajv.compile(absolute(schema));
  if (!validate(JSON.parse(request.body))) {
    for (const error of validate.errors) fault(request, `${error.instancePath} ${error.message}`);
  }
}
console.log(`${requests.length} requests judged, ${faults} faults`);
