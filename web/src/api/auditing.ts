/** What the server says of who did what, and of files. */
import type { Json } from './types';

/** What services and lists say of one file. */
export interface LookupKnown {
  indicator: string;
  verdict: string;
  verdicts: {
    service: string;
    verdict: string;
    positives?: number;
    total?: number;
    link?: string;
  }[];
  waiting?: string[];
  failed?: { service: string; error: string }[];
}

/** Which entries of the audit log. */
export interface AuditQuery {
  who?: string;
  action?: string;
  object?: string;
  outcome?: string;
  from?: string;
  to?: string;
  limit?: number;
  before?: number;
}

/** What somebody did, or was refused. */
export interface AuditEntry {
  id: number;
  time: string;
  who: string;
  kind: string;
  label?: string;
  address?: string;
  action: string;
  outcome: string;
  object: { kind: string; id?: string; name?: string };
  details: { [name: string]: Json };
}

/** A service that can be asked. */
export interface LookupService {
  name: string;
  state: string;
  upload: boolean;
}
