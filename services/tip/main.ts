// The tip service: answers trip events with one model version. What it shares with its siblings, and the
// order in which it starts and stops, is in kit/events/consumer-service.ts.
import { consumerConfig } from "#kit/config/model-service.ts";
import { readConfig } from "#kit/config/read.ts";
import { runConsumerService } from "#kit/events/consumer-service.ts";
import { signature, toRow } from "./service.ts";

await runConsumerService({ config: readConfig(consumerConfig, process.env), signature, toRow });
