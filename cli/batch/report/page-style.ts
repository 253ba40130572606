import { pageStyle } from "../../rollout/report/page-style.ts";

/** Looks of the page: those of the rollout report, and what its charts have not. */
export const batchPageStyle = `${pageStyle}
:root { --mark: light-dark(#2563b8, #6ea8ff); --warn: light-dark(#a15c00, #ffb454); }
circle.mark { fill: var(--mark); } polyline.mark { fill: none; stroke: var(--mark); stroke-width: 2; }
rect.before { fill: var(--even); } rect.now { fill: var(--mark); }
.bar { height: 10px; min-width: 90px; background: var(--ground); border-radius: 5px; overflow: hidden; }
.bar span { display: block; height: 100%; } .bar .mark { background: var(--mark); } .bar .bad { background: var(--bad); }
.numbers { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 10px 0 0; }
.numbers div { font-size: 13px; color: var(--soft); } .numbers b { display: block; font-size: 22px; color: var(--ink); }
.ends { display: flex; justify-content: space-between; color: var(--soft); font-size: 12px; margin: 2px 0 8px; }
.drifted, .stopped { color: var(--bad); } .moved { color: var(--warn); } .steady, .published { color: var(--good); }
`;
