"use strict";
const form = document.querySelector("form.upload"), list = form.querySelector("ul"), input = form.querySelector("input");
const SAID = { 401: "log in first", 403: "not allowed", 409: "there is something of this name already", 413: "too large", 429: "too often: try again later", 507: "no room" };
let waiting = [], running = false, failed = false;

function send(file) {
  const item = list.appendChild(document.createElement("li"));
  const name = item.appendChild(document.createElement("bdi"));
  const bar = item.appendChild(document.createElement("progress"));
  const said = item.appendChild(document.createElement("span"));
  name.textContent = file.name;
  bar.max = file.size || 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  waiting.push({ file, bar, said });
  next();
}

function next() {
  if (running) return;
  const task = waiting.shift();
  if (!task) {
    if (!failed) location.reload();
    return;
  }
  running = true;
  const request = new XMLHttpRequest(), { file, bar, said } = task;
  const end = (good, text) => {
    running = false;
    failed ||= !good;
    said.textContent = text;
    said.className = good ? "" : "failed";
    next();
  };
  request.open("PUT", "./" + encodeURIComponent(file.name));
  request.upload.onprogress = event => {
    bar.value = event.loaded;
    said.textContent = Math.floor(100 * event.loaded / (event.total || 1)) + " %";
  };
  request.onload = () => {
    const good = request.status === 201 || request.status === 204;
    bar.value = good ? bar.max : 0;
    end(good, good ? "done" : SAID[request.status] || "failed (" + request.status + ")");
  };
  request.onerror = () => end(false, "the connection was lost");
  request.send(file);
}

form.addEventListener("submit", event => {
  event.preventDefault();
  failed = false;
  for (const file of input.files) send(file);
  input.value = "";
});
document.addEventListener("dragover", event => {
  event.preventDefault();
  form.classList.add("over");
});
document.addEventListener("dragleave", () => form.classList.remove("over"));
document.addEventListener("drop", event => {
  event.preventDefault();
  form.classList.remove("over");
  failed = false;
  for (const file of event.dataTransfer.files) send(file);
});
