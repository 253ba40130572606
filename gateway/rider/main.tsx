import { render } from "preact";
import { RiderPage } from "./rider-page.tsx";

const place = document.getElementById("page");
if (place)
  render(<RiderPage replay={document.documentElement.dataset["trips"] !== "live"} />, place);
