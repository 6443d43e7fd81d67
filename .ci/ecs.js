// Checks alerts against the fields of the Elastic Common Schema: that each is known, of its type,
// in an array where the schema says so, and one of the values allowed. `leaksweep.*` is our own.
"use strict";
const { readFileSync } = require("node:fs");
const { EcsFlat } = require("@elastic/ecs");

const checks = {
  keyword: (v) => typeof v === "string",
  constant_keyword: (v) => typeof v === "string",
  match_only_text: (v) => typeof v === "string",
  wildcard: (v) => typeof v === "string",
  ip: (v) => /^[0-9a-f.:]+$/i.test(v),
  date: (v) => typeof v === "string" && !Number.isNaN(Date.parse(v)),
  long: Number.isInteger,
};

function fault(name, value) {
  const field = EcsFlat[name];
  if (!field) return "no such field";
  const arrays = (field.normalize ?? []).includes("array");
  if (arrays !== Array.isArray(value)) return arrays ? "is no array" : "is an array";
  for (const one of arrays ? value : [value]) {
    if (!checks[field.type]?.(one)) return `${one} is no ${field.type}`;
    const allowed = (field.allowed_values ?? []).map((v) => v.name);
    if (allowed.length > 0 && !allowed.includes(one)) return `${one} is not allowed`;
  }
  return null;
}

function* fields(object, prefix) {
  for (const [key, value] of Object.entries(object)) {
    const name = prefix + key;
    if (value && typeof value === "object" && !Array.isArray(value)) yield* fields(value, `${name}.`);
    else yield [name, value];
  }
}

function check(alert) {
  const { leaksweep, ...common } = alert;
  for (const [name, value] of fields(common, "")) {
    const why = fault(name, value);
    if (why) throw new Error(`${name}: ${why}`);
  }
}

const alerts = readFileSync(process.argv[2], "utf8").trim().split("\n").map((line) => JSON.parse(line));
alerts.forEach(check);
for (const wrong of [{ event: { kind: "alarm" } }, { event: { category: "web" } }, { nonsense: 1 }]) {
  let found = false;
  try { check(wrong); } catch { found = true; }
  if (!found) throw new Error("the check finds nothing");
}
console.log(`ECS: ${alerts.length} alerts are valid`);
