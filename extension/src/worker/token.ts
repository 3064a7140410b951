// The token for Hugging Face's hub: in the system's key store, and in the environment of the worker's process only.
import type * as vscode from "vscode";

const KEY = "ttVideo.huggingFaceToken";

type Secrets = Pick<vscode.SecretStorage, "get" | "store" | "delete">;

/** Keep the token; an empty one is forgotten. */
export async function storeToken(secrets: Secrets, token: string): Promise<void> {
  await (token === "" ? secrets.delete(KEY) : secrets.store(KEY, token));
}

/** The environment with the token in it, if there is one; without, what the environment has stays. */
export async function withToken(secrets: Secrets, env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const token = await secrets.get(KEY);
  return token === undefined ? env : { ...env, HF_TOKEN: token };
}
