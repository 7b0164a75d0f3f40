#!/usr/bin/env node
// The Solidity compiler from npm behind the command line of native solc: `--version` and `--standard-json`.
// Plain solcjs prints a line that is not JSON first, which breaks both forge and py-solc-x.
// Callers inline every source, so path options (--base-path, --allow-paths, ...) are accepted and ignored.
"use strict";

const { Worker, isMainThread, workerData } = require("node:worker_threads");

const STACK_MB = 256; // node's default stack is too small for large contracts in the IR pipeline

function runInWorker(input, then) {
  const worker = new Worker(__filename, { workerData: input, resourceLimits: { stackSizeMb: STACK_MB } });
  worker.once("message", then);
  worker.once("error", (error) => fail(`solc: ${error.message}`));
}

function fail(line) {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

async function main(options) {
  if (options.includes("--version")) {
    const line = `Version: ${require("solc").version()}\n`;
    process.stdout.write(`solc, the solidity compiler commandline interface\n${line}`);
  } else if (options.includes("--standard-json")) {
    const chunks = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    runInWorker(Buffer.concat(chunks).toString("utf8"), (output) => process.stdout.write(`${output}\n`));
  } else {
    fail("solc: this wrapper of the npm compiler knows --version and --standard-json only");
  }
}

if (isMainThread) {
  main(process.argv.slice(2));
} else {
  require("node:worker_threads").parentPort.postMessage(require("solc").compile(workerData));
}
