// As much of HPACK (RFC 7541) as a client needs that always asks the same: no Huffman, short strings.

const FIRST_DYNAMIC = 62;
const POST = 0x83; // :method: POST, from the static table
const HTTP = 0x86; // :scheme: http

export interface HeaderEncoder {
  /** A header block; `kept` go into the dynamic table and cost one byte from the second time on. */
  encode(kept: readonly Header[], once: readonly Header[]): Buffer;
}

export type Header = readonly [name: string, value: string];

/** One per connection: the table is the connection's. */
export function createHeaderEncoder(): HeaderEncoder {
  const insertedAs = new Map<string, number>();
  return {
    encode(kept, once) {
      const parts = kept.map(([name, value]) => {
        const key = `${name}: ${value}`;
        const known = insertedAs.get(key);
        if (known !== undefined) {
          return Buffer.of(0x80 | (FIRST_DYNAMIC + insertedAs.size - 1 - known));
        }
        insertedAs.set(key, insertedAs.size);
        return Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
      });
      const literals = once.map(([name, value]) =>
        Buffer.concat([Buffer.of(0x00), text(name), text(value)]),
      );
      return Buffer.concat([Buffer.of(POST, HTTP), ...parts, ...literals]);
    },
  };
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length > 126) throw new Error(`${value} is too long for this encoder`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/**
 * `grpc-status: 0` as a literal: the name in Huffman code, the value plain or (0x81 0x07) in Huffman code.
 *
 * The connection forbids the peer a dynamic table, so every reply spells it out.
 */
const statusName = Buffer.from("889acac8b21234da8f", "hex");
const zeros = [Buffer.of(0x01, 0x30), Buffer.of(0x81, 0x07)];

/** Whether a block of trailers says that the call went well. */
export function saysOk(trailers: Buffer): boolean {
  const at = trailers.indexOf(statusName);
  if (at < 0) return false;
  const value = at + statusName.length;
  return zeros.some((zero) => zero.equals(trailers.subarray(value, value + 2)));
}
