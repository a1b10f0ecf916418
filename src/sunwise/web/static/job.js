// A job of the server: asked for, followed to its end, stopped when the reader wants.

import { Refused, Unreachable, ask } from "./http.js";

const STEP_S = 2;
const MOST_UNANSWERED = 10;
const UNSAID = "It ended without a result, and the server does not say why: look at the rota as it is now, and ask again.";

/** Its result; `begun` gets what can end it, `told` hears how far it is. Throws Refused and Unreachable. */
export async function followJob(path, body, begun, told) {
  let job = await ask(path, { method: "POST", body });
  begun({ end: () => ask(job.address, { method: "DELETE" }).catch(() => null) });
  while (job.state === "running") {
    told(inWords(job));
    job = await later(job.address);
  }
  if (job.state !== "done") throw new Refused(422, job.problem || UNSAID);
  return job.result;
}

/** How far it is. */
export function inWords(job) {
  const parts = job.n_all > 1 ? `, ${job.n_done} of ${job.n_all} rotas` : "";
  const usual = job.expected_s ? ` of about ${Math.round(job.expected_s)} s` : "";
  const before = job.n_before ? `, after ${job.n_before} that were asked for earlier` : "";
  return `Working it out: ${Math.round(job.elapsed_s)} s${usual}${parts}${before} …`;
}

async function later(address) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(`${address}?wait_s=${STEP_S}`);
    } catch (fault) {
      if (!(fault instanceof Unreachable) || tries >= MOST_UNANSWERED) throw fault;
      await new Promise((go) => setTimeout(go, STEP_S * 1000));
    }
  }
}
