import { render } from "preact";
import { ConsolePage } from "./console-page.tsx";

const place = document.getElementById("page");
if (place) render(<ConsolePage />, place);
