import {
  AggregationTemporality,
  InstrumentType,
  type MetricReader,
} from "@opentelemetry/sdk-metrics";

/**
 * Makes a reader report of gauges only what they say now. By itself OpenTelemetry repeats each value of a gauge for ever,
 * also under attributes that nothing has any more: a rollout would be `running` beside `held`, and the lag of a durable
 * that is gone would stay what it was. A gauge has no temporality on the wire, so nobody downstream sees a difference.
 */
export function onlyPresent<R extends MetricReader>(reader: R): R {
  const select = reader.selectAggregationTemporality.bind(reader);
  reader.selectAggregationTemporality = (type) =>
    type === InstrumentType.OBSERVABLE_GAUGE ? AggregationTemporality.DELTA : select(type);
  return reader;
}
