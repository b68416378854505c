// Lines that the server was sent too fast: they wait in their order, and go by themselves, one after the other, when it said.

import { moment, since } from '../server/clock.js';

const TICK_MS = 250;

export class WaitingLines {
  /** send(line) sends one; show(seconds) is told how long the first has to wait, 0 when none does. */
  constructor(send, show) {
    this.send = send;
    this.show = show;
    this.lines = [];
    this.due = null; // when the first goes: {at, seconds}; null while it is on its way
    this.timer = 0;
    this.apartSeconds = 0; // the longest that one of them had to wait
  }

  get pending() {
    return this.lines.length > 0;
  }

  has(line) {
    return this.lines.includes(line);
  }

  /** Puts a line behind those that wait; returns whether any does. */
  add(line) {
    if (!this.lines.length) return false;
    this.lines.push(line);
    return true;
  }

  /** The server has refused a line for so many seconds. What was said before others goes before them. */
  hold(line, seconds) {
    if (!this.has(line)) this.lines.push(line);
    if (this.lines[0] !== line) return;
    this.apartSeconds = Math.max(this.apartSeconds, seconds);
    this.due = { at: moment(), seconds };
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  /** A line is there, or given up: the next one goes as long after it, so that it is not refused as well. */
  remove(line) {
    const first = this.lines[0] === line;
    this.lines = this.lines.filter((one) => one !== line);
    if (!first) return;
    this.stop();
    if (this.pending) this.hold(this.lines[0], this.apartSeconds);
    else this.apartSeconds = 0;
  }

  /** A new socket: what was on its way may be lost. */
  resend() {
    if (this.pending && !this.due) this.send(this.lines[0]);
  }

  tick() {
    const left = this.due.seconds - since(this.due.at) / 1000;
    if (left > 0) return this.show(Math.ceil(left));
    this.stop();
    this.send(this.lines[0]);
  }

  stop() {
    clearInterval(this.timer);
    this.due = null;
    this.show(0);
  }
}
