// Generates the parsers for Python and JavaScript from spec/wire.ksy into generated/.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const compiler = require("kaitai-struct-compiler");
const YAML = require("yaml");

async function main() {
  const source = path.join(__dirname, "../../../spec/wire.ksy");
  const specification = YAML.parse(fs.readFileSync(source, "utf8"));
  const folder = path.join(__dirname, "generated");
  fs.mkdirSync(folder, { recursive: true });
  for (const language of ["python", "javascript"]) {
    const files = await compiler.compile(language, specification, null, false);
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(folder, name), text);
    }
  }
}

main();
