/** Looks of the page; the colours are those of the console, for light and dark. */
export const pageStyle = `
:root { color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #0f1318); --card: light-dark(#fff, #171d24); --line: light-dark(#dfe3e9, #2a333d);
  --ink: light-dark(#16202b, #e8edf2); --soft: light-dark(#566373, #9aa7b4);
  --good: light-dark(#1c7f4a, #4fc585); --bad: light-dark(#b42318, #ff8b7e); --even: light-dark(#8a96a3, #7d8894); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 960px; padding: 20px 14px 60px; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 22px; line-height: 1.25; margin: 0 0 4px; } h2 { font-size: 16px; margin: 0 0 8px; }
h3 { font-size: 14px; margin: 16px 0 4px; } p { margin: 0 0 8px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px; margin-top: 14px; }
.soft { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; } .finding { font-size: 17px; }
.scroll { overflow-x: auto; } .scroll + .scroll { margin-top: 14px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--soft); font-weight: 500; } .number { text-align: right; white-space: nowrap; }
td:first-child { min-width: 96px; } td code { font-size: 12px; }
svg { display: block; width: 100%; height: auto; }
td svg { width: 120px; height: 18px; margin-left: auto; }
rect.better, circle.better { fill: var(--good); } rect.worse, circle.worse { fill: var(--bad); }
rect.equal, circle.equal { fill: var(--even); } .axis { stroke: var(--line); stroke-width: 1.5; }
.range { stroke-width: 2; } line.better { stroke: var(--good); } line.worse { stroke: var(--bad); }
line.equal { stroke: var(--even); }
.split { display: flex; height: 26px; border-radius: 6px; overflow: hidden; margin: 12px 0; }
.split .better { background: var(--good); } .split .equal { background: var(--even); }
.split .worse { background: var(--bad); }
.scale { display: flex; justify-content: space-between; gap: 8px; margin: 4px 0 14px; color: var(--soft);
  font-size: 13px; }
.scale .better { color: var(--good); } .scale .worse { color: var(--bad); text-align: right; }
.scroll + .soft { margin-top: 8px; }
@media (max-width: 560px) { td:has(svg), th:empty { display: none; } th, td { padding-right: 8px; }
  table { font-size: 12px; } }
@media print { body { max-width: none; } section { break-inside: avoid; } }
`;
