// Reads typed documents as JSON from standard input, prints what ethers hashes and signs of each.
import { TypedDataEncoder, Wallet } from "ethers";

let text = "";
for await (const part of process.stdin) text += part;
const { key, documents } = JSON.parse(text);
const wallet = new Wallet(key);
const answers = [];
for (const { types, domain, message } of documents) {
  const { EIP712Domain, ...structs } = types;
  const digest = TypedDataEncoder.hash(domain, structs, message);
  answers.push({ digest, signature: await wallet.signTypedData(domain, structs, message) });
}
console.log(JSON.stringify(answers));
