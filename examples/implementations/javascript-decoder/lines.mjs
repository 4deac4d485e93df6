// A child that speaks JSON lines (spec chapter 08).
import { createInterface } from "node:readline";
import { decode } from "./decode.mjs";

const info = {
  name: "javascript-decoder",
  version: "1.0.0",
  language: "JavaScript",
  profiles: ["decode"],
  max_message: "67108864",
};

function run({ seq, op, hex, max_message }) {
  if (!op.startsWith("decode_")) return { seq, skip: "only decodes" };
  return { seq, ...decode(Buffer.from(hex, "hex"), op === "decode_request", Number(max_message)) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.cmd === "stop") break;
  console.log(JSON.stringify(command.cmd === "start" ? info : run(command)));
}
