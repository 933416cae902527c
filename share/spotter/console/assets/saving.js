// Changes of datasets, followed until the jobs that make them have ended, so that pages say what is
// so. A change that was accepted goes on without the page; the next one takes it up.
import { byItself, get, pause, post } from "./calls.js";
import { found, lost } from "./connection.js";

// What a dataset said against a change that it had accepted: nothing of it was made.
export class Refused extends Error {}

const key = "spotter changes", busyWait = 150, busyTries = 800, waitMin = 40, waitMax = 1000;
const isAway = error => error.status === undefined || error.status >= 500 || error.status === 429;

function pending() { try { return JSON.parse(sessionStorage.getItem(key)) ?? []; } catch { return []; } }
function keep(list) { try { sessionStorage.setItem(key, JSON.stringify(list)); } catch { /* Then the next page does not take them up. */ } }

// Waits until a change of a dataset has been made; without `change`, until the dataset is idle.
export async function ended(home, dataset, change) {
  const address = `${home}/dataset-state?dataset=${dataset}${change ? `&change=${change}` : ""}`;
  for (let wait = waitMin; ; wait = Math.min(waitMax, wait * 1.3)) {
    try {
      const now = await get(address, byItself);
      found();
      if (!now.isBusy) {
        if (now.hasFailed) throw new Refused(now.message);
        return;
      }
    } catch (error) {
      if (error instanceof Refused || !isAway(error)) throw error;
      lost();
    }
    await pause(wait);
  }
}

// Asks for a change, and waits until it has been made. A dataset takes one at a time. `accepted` is
// called when the server has it, and this page need not stay.
export async function persist(home, page, body, type, accepted) {
  let answer;
  for (let attempt = 0; ; attempt++) {
    try { answer = await post(`${home}/${page}`, body, type); break; } catch (error) {
      if (error.status === undefined) throw new Error(lost() ?? error.message);
      if (error.status !== 409 || attempt > busyTries) throw error;
      await pause(busyWait);
    }
  }
  const changes = Object.entries(answer.changes ?? {}).map(([dataset, change]) => ({ home, dataset, change }));
  keep([...pending(), ...changes]);
  accepted?.(answer);
  for (const one of changes) await follow(one);
  return answer;
}

async function follow({ home, dataset, change }) {
  const forget = () => keep(pending().filter(one => one.change !== change));
  try { await ended(home, dataset, change); forget(); } catch (error) { forget(); throw error; }
}

// The changes that the page before left open; waits for them as `persist` does.
export const left = home => pending().filter(one => one.home === home);
export async function takeUp(changes) { for (const one of changes) await follow(one); }

// Sends items together. Where one of them spoils the change of all, the halves are tried, down to
// that one. Returns those that were made.
export async function together(items, send, refuse) {
  try { await send(items); } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (items.length === 1) { refuse(items[0], error.message); return []; }
    const middle = items.length >> 1, first = await together(items.slice(0, middle), send, refuse);
    return [...first, ...await together(items.slice(middle), send, refuse)];
  }
  return items;
}

// The labels that a dataset holds, by the references of its images, once it is idle.
export async function held(home, dataset, sources) {
  await ended(home, dataset).catch(error => { if (!(error instanceof Refused)) throw error; });
  return post(`${home}/labels-held?dataset=${dataset}`, JSON.stringify(sources), "application/json");
}
