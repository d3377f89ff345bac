// The same figures in the same words as oms/core/templatetags/look.py, so that a live update reads like the page.

const MINUTE = 60, HOUR = 3600, DAY = 86400;

const plain = new Intl.NumberFormat(document.documentElement.lang || "en");

function magnitude(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return `${Math.floor(seconds / HOUR)} h ${String(minutes).padStart(2, "0")}`;
  }
  return `${(Math.floor((seconds * 10) / DAY) / 10).toFixed(1)} d`;
}

export function shortTime(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  return (seconds <= -1 ? "−" : "") + magnitude(Math.trunc(Math.abs(seconds)));
}

export const count = (value) => plain.format(value ?? 0);
export const percent = (fraction) => `${Math.floor(fraction * 100 + 0.5)} %`;
export const width = (fraction) => `${Math.min(Math.max(Math.floor(fraction * 100 + 0.5), 0), 100)}%`;
export const total = (rows, key) => rows.reduce((sum, row) => sum + row[key], 0);

export function timeOfDay(iso) {
  const moment = new Date(iso);
  const part = (value) => String(value).padStart(2, "0");
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(part).join(":");
}

export function stepState(done) {
  if (done >= 1) return "done";
  return done > 0 ? "now" : "todo";
}

export function sparkLine(values) {
  if (!values || values.length < 2) return "";
  const low = Math.min(...values), span = Math.max(...values) - low;
  const point = (value, index) => {
    const share = span ? (value - low) / span : 0.5;
    return `${((index * 100) / (values.length - 1)).toFixed(1)},${(29 - share * 26).toFixed(1)}`;
  };
  return values.map(point).join(" ");
}

export function sparkArea(values) {
  const line = sparkLine(values);
  return line && `0,32 ${line} 100,32`;
}
