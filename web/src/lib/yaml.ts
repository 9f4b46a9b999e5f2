/** The parts of YAML that are worth a colour in a rule. Never wrong about a text: what is not known has none. */
export type YamlKind = 'key' | 'text' | 'number' | 'comment' | 'mark';

export interface YamlToken {
  from: number;
  to: number;
  kind: YamlKind;
}

const PART =
  /(?<comment>(?:^|(?<=\s))#.*)|(?<mark>^(?:---|\.\.\.)\s*$|(?:^|(?<=\s))[|>][+-]?(?=\s*$)|(?:^|(?<=\s))-(?=\s)|[{}[\],])|(?<quoted>"(?:[^"\\]|\\.)*"?|(?<=^|[\s[{,:])'(?:[^']|'')*'?)|(?<key>[^\s#"'{}[\],&*!|>%@`:-](?:[^{}[\],:#]|:(?!\s|$)|(?<!\s)#)*(?=\s*:(?:\s|$)))|(?<number>(?<=[\s[,:]|^)-?\d+(?:\.\d+)?(?=\s*(?:$|[\],}]|\s#)))|(?<plain>[^\s{}[\],#"']+)/gm;

/** One line's parts; a line is looked at by itself. */
export function yamlTokens(line: string): YamlToken[] {
  const tokens: YamlToken[] = [];
  for (const { groups, index, 0: whole } of line.matchAll(PART)) {
    const kind = kindOf(groups ?? {}, line.slice(index + whole.length));
    if (kind) tokens.push({ from: index, to: index + whole.length, kind });
  }
  return tokens;
}

function kindOf(groups: Record<string, string | undefined>, rest: string): YamlKind | undefined {
  if (groups.comment !== undefined) return 'comment';
  if (groups.mark !== undefined) return 'mark';
  if (groups.key !== undefined) return 'key';
  if (groups.quoted !== undefined) return /^\s*:(\s|$)/.test(rest) ? 'key' : 'text';
  if (groups.number !== undefined) return 'number';
  return undefined;
}
