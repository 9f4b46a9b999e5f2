/** Where to go after log-in: only within this site, whatever a link says. */
export function safeTarget(to: string | undefined): string {
  if (!to?.startsWith('/') || /^\/[/\\]/.test(to) || /[\p{Cc}\\]/u.test(to)) return '/overview';
  const path = to.split(/[?#]/, 1)[0];
  return path === '/login' || path === '/password' ? '/overview' : to;
}
