/**
 * English is the source. Another language must have exactly its keys; where English has the plural
 * forms `_one` and `_other`, Russian has `_one`, `_few`, `_many` and `_other`.
 */
type PluralBase<K> = K extends `${infer Base}_one` ? Base : never;
type PluralKey<T> = `${PluralBase<keyof T>}_${'one' | 'other'}`;

export type Russian<T> = { readonly [K in Exclude<keyof T, PluralKey<T>>]: string } & {
  readonly [K in `${PluralBase<keyof T>}_${'one' | 'few' | 'many' | 'other'}`]: string;
};
