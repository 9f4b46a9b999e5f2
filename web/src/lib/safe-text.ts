/**
 * Text of events is written by whoever could write a log line. Here it becomes harmless to look at:
 * control characters and escapes are shown as symbols, and characters that turn the direction of text
 * or cannot be seen at all are shown as marked code points. Nothing is left out.
 */
export interface Piece {
  text: string;
  /** Set when `text` stands for a character that must not be shown as itself: its number and name. */
  hidden?: string;
  /** The same in letters, which every typeface has and every eye can read at 11 pixels. */
  short?: string;
}

/** Names of what people meet in real attacks; others are shown by their number alone. */
const NAMES: Record<number, string> = {
  7: 'BELL',
  8: 'BACKSPACE',
  9: 'TAB',
  10: 'LINE FEED',
  13: 'CARRIAGE RETURN',
  27: 'ESCAPE',
  127: 'DELETE',
  155: 'CONTROL SEQUENCE INTRODUCER',
  173: 'SOFT HYPHEN',
  1564: 'ARABIC LETTER MARK',
  8203: 'ZERO WIDTH SPACE',
  8204: 'ZERO WIDTH NON-JOINER',
  8205: 'ZERO WIDTH JOINER',
  8206: 'LEFT-TO-RIGHT MARK',
  8207: 'RIGHT-TO-LEFT MARK',
  8232: 'LINE SEPARATOR',
  8233: 'PARAGRAPH SEPARATOR',
  8234: 'LEFT-TO-RIGHT EMBEDDING',
  8235: 'RIGHT-TO-LEFT EMBEDDING',
  8236: 'POP DIRECTIONAL FORMATTING',
  8237: 'LEFT-TO-RIGHT OVERRIDE',
  8238: 'RIGHT-TO-LEFT OVERRIDE',
  8288: 'WORD JOINER',
  8294: 'LEFT-TO-RIGHT ISOLATE',
  8295: 'RIGHT-TO-LEFT ISOLATE',
  8296: 'FIRST STRONG ISOLATE',
  8297: 'POP DIRECTIONAL ISOLATE',
  65279: 'BYTE ORDER MARK',
};

/*
 * Cc: C0, DEL, C1. Cf: bidi controls, zero-width, tags, soft hyphen. Zl and Zp break lines. Co and Cs:
 * private use and lone surrogates have no agreed shape. Then what looks like nothing: Hangul fillers,
 * braille blank, variation selectors.
 */
const RISKY =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u115f\u1160\u2800\u3164\uffa0]|[\u034f\u17b4\u17b5]|\p{Variation_Selector}/u;
const RISKY_ALL = new RegExp(RISKY.source, 'gu');

export function isPlain(text: string): boolean {
  return !RISKY.test(text);
}

function symbolOf(code: number): string {
  if (code === 10) return '⏎';
  if (code === 9) return '⇥';
  if (code < 32) return String.fromCodePoint(0x2400 + code);
  if (code === 127) return '␡';
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

const SHORT =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS ⇥ ⏎ VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US';
const SHORT_NAMES = SHORT.split(' ');

function shortOf(code: number): string {
  return SHORT_NAMES[code] ?? (code === 127 ? 'DEL' : symbolOf(code));
}

function nameOf(code: number): string {
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES[code];
  return name ? `${number} ${name}` : number;
}

export interface SafeOptions {
  /** Line feeds and tabs stay what they are: for places that show text over several lines. */
  keepLines?: boolean;
}

/** Splits text into what may be shown as it is and what is shown as a symbol. */
export function safePieces(text: string, options: SafeOptions = {}): Piece[] {
  if (isPlain(text)) return [{ text }];
  const pieces: Piece[] = [];
  let plain = '';
  let at = 0;
  for (const match of text.matchAll(RISKY_ALL)) {
    const code = match[0].codePointAt(0) ?? 0;
    plain += text.slice(at, match.index);
    at = match.index + match[0].length;
    if (options.keepLines && (code === 9 || code === 10)) {
      plain += match[0];
      continue;
    }
    if (plain) pieces.push({ text: plain });
    plain = '';
    pieces.push({ text: symbolOf(code), hidden: nameOf(code), short: shortOf(code) });
  }
  plain += text.slice(at);
  if (plain) pieces.push({ text: plain });
  return pieces;
}

/** The same as one string, for titles and places that hold no elements. */
export function safeString(text: string): string {
  return isPlain(text)
    ? text
    : safePieces(text)
        .map((piece) => piece.text)
        .join('');
}

/** The first `limit` UTF-16 units, never half a character. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit);
}
