// One chat by three carriers. Each of them shows what it brings, and comes back by itself when it was lost.

const MOST = 200;             // messages that a list keeps
const said = new Map();       // when this page said something, by its own name for it
const took = {};              // how long the last message of this page took, by carrier

class List {
  constructor(carrier) {
    this.carrier = carrier;
    this.section = document.getElementById(carrier);
    this.list = this.section.querySelector("ol");
    this.last = 0;
  }

  state(word, kind) {
    this.section.classList.toggle("on", kind === "on");
    this.section.classList.toggle("off", kind === "off");
    this.section.querySelector(".word").textContent = word;
  }

  show(message) {
    if (message.number <= this.last) return;
    this.last = message.number;
    const item = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = message.name;
    item.append(name, " ", message.text);
    const begun = said.get(message.mark);
    if (begun !== undefined) {
      took[this.carrier] = performance.now() - begun;
      const after = document.createElement("small");
      after.textContent = `after ${took[this.carrier].toFixed(1)} ms`;
      item.append(after);
    }
    const atEnd = this.list.scrollTop + this.list.clientHeight >= this.list.scrollHeight - 40;
    this.list.append(item);
    while (this.list.children.length > MOST) this.list.firstChild.remove();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
    lookSoon();
  }
}

const pause = seconds => new Promise(done => setTimeout(done, seconds * 1000));
// Somewhere between half and all of it, so that not everybody comes back at once.
const patience = tries => Math.min(30, 2 ** tries) * (0.5 + Math.random() / 2);

// Long polling: ask, wait for the answer, ask again.
async function poll(list) {
  for (let tries = 0; ;) {
    try {
      list.state("waiting", "on");
      const answer = await fetch(`poll?after=${list.last}`);
      if (!answer.ok) throw new Error(answer.statusText);
      if (answer.status !== 204) (await answer.json()).forEach(message => list.show(message));
      tries = 0;
    } catch {
      list.state("lost", "off");
      await pause(patience(tries++));
    }
  }
}

// Server-sent events: the browser comes back by itself, and says what it has seen.
function events(list) {
  const stream = new EventSource("events");
  stream.onopen = () => list.state("listening", "on");
  stream.onmessage = event => list.show(JSON.parse(event.data));
  stream.onerror = () => {
    list.state("lost", "off");
    if (stream.readyState === EventSource.CLOSED) setTimeout(events, patience(1) * 1000, list);
  };
}

// WebSocket: to come back is up to the page.
let socket = null;

function connect(list, tries = 0) {
  const address = new URL(`socket?after=${list.last}`, location.href);
  address.protocol = location.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.onopen = () => { tries = 0; list.state("connected", "on"); };
  socket.onmessage = event => list.show(JSON.parse(event.data));
  socket.onclose = () => {
    list.state("lost", "off");
    setTimeout(connect, patience(tries) * 1000, list, tries + 1);
  };
}

// Saying something, by whatever was chosen.
const form = document.getElementById("say");
const trouble = document.getElementById("trouble");

form.addEventListener("submit", async event => {
  event.preventDefault();
  const {name, text, by} = form.elements;
  const mark = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const message = JSON.stringify({name: name.value, text: text.value, mark});
  trouble.textContent = "";
  said.set(mark, performance.now());
  try {
    if (by.value === "socket") {
      if (socket.readyState !== WebSocket.OPEN) throw new Error("the WebSocket is not connected");
      socket.send(message);
    } else {
      const headers = {"content-type": "application/json"};
      const answer = await fetch("say", {method: "POST", headers, body: message})
        .catch(() => { throw new Error("the server cannot be reached"); });
      if (!answer.ok) throw new Error(await answer.text());
    }
    text.value = "";
  } catch (error) {
    trouble.textContent = `Not said: ${error.message}`;
  }
  text.focus();
});

// The costs, looked up a moment after something has moved.
let looking = 0;

function lookSoon() {
  looking ||= setTimeout(look, 250);
}

async function look() {
  looking = 0;
  const answer = await fetch("costs").catch(() => null);
  if (!answer?.ok) return;
  for (const [carrier, cost] of Object.entries(await answer.json())) {
    const each = cost.messages ? Math.round((cost.sent + cost.brought) / cost.messages) : null;
    const last = carrier in took ? `${took[carrier].toFixed(1)} ms` : null;
    const row = document.getElementById(`cost-${carrier}`);
    while (row.children.length > 1) row.lastChild.remove();
    for (const value of [cost.open, cost.requests, cost.messages, cost.brought, cost.sent, each, last]) {
      row.insertCell().textContent = value === null ? "–" : value.toLocaleString("en");
    }
  }
}

// How it all came here.
const SPOKEN = {"http/1.1": "HTTP/1.1", "h2": "HTTP/2"};
const spoken = performance.getEntriesByType("navigation")[0]?.nextHopProtocol ?? "";
document.getElementById("protocol").textContent = SPOKEN[spoken] ?? spoken;
document.getElementById("connections").textContent =
  spoken === "h2" ? "one connection, the WebSocket too if the browser has it so" : "three connections";
form.elements.name.value = `guest ${Math.floor(Math.random() * 900) + 100}`;

poll(new List("poll"));
events(new List("events"));
connect(new List("socket"));
setInterval(look, 5000);
look();
