// A one-shot decoder (spec chapter 08): node oneshot.mjs request|response MAX_MESSAGE < message
import { readFileSync } from "node:fs";
import { decode } from "./decode.mjs";

const [direction, maxMessage] = process.argv.slice(2);
const answer = decode(readFileSync(0), direction === "request", Number(maxMessage));
console.log(JSON.stringify(answer.ok ?? answer));
process.exitCode = answer.ok ? 0 : 1;
