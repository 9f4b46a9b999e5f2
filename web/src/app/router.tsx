import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { isApiError } from '@/api/client';
import { queryClient, setGate } from '@/api/queries';
import { sessionQuery } from '@/api/session';
import { addArea } from '@/i18n';
import {
  flagParam,
  formatParams,
  type Params,
  parseParams,
  type TimeParams,
  textParam,
  timeParams,
} from './address';
import { Crash } from './crash';
import { Frame } from './frame';
import { Missing } from './missing';

/** What the frame offers on a page. */
declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** The page's name: a key of the frame's texts. */
    title?:
      | 'overview'
      | 'search'
      | 'alerts'
      | 'silences'
      | 'channels'
      | 'rule'
      | 'rules'
      | 'reports'
      | 'delivery'
      | 'host'
      | 'audit'
      | 'missing';
    /** The entry of the rail it belongs to, where that is another page. */
    within?: 'alerts' | 'rules' | 'delivery';
    /** The page has a time range in its address. */
    time?: boolean;
    /** The page can follow what comes in. */
    live?: boolean;
    /** The page can be refreshed. */
    refresh?: boolean;
  }
  interface Register {
    router: typeof router;
  }
}

type RefreshParams = Pick<TimeParams, 'refresh'>;

/** The address of a search. `cols` is a list with commas; `event` is open, `context` is in the panel. */
export interface SearchParams extends TimeParams {
  q?: string;
  cols?: string;
  event?: string;
  context?: string;
}

/** The page checks them itself; `since` is a moment as in time ranges: `-24h` or RFC 3339. */
export interface AlertsParams extends RefreshParams {
  state?: string;
  level?: string;
  since?: string;
}

/** `past` shows those that are over. */
export interface SilencesParams extends RefreshParams {
  past?: boolean;
}

/** `channel` narrows what was given up; `make` is the kind that is made, `edit` the channel that is changed. */
export interface ChannelsParams extends RefreshParams {
  channel?: string;
  make?: string;
  edit?: string;
}

/** `q` are words, `level` the least; `sort` is a column, with a minus before it downward. */
export interface RulesParams extends TimeParams {
  q?: string;
  level?: string;
  origin?: string;
  sort?: string;
}

/** `key` is the rule that is seen, `copy` the one that a new one begins with; without both it is a new one. */
export interface RuleParams {
  key?: string;
  copy?: string;
}

/** `report` is the one that is open; `new` opens the form. */
export interface ReportsParams extends RefreshParams {
  report?: string;
  new?: boolean;
}

/** `sort` is a column, with a minus before it downward; `stream` is the one that is open. */
export interface DeliveryParams extends RefreshParams {
  q?: string;
  agent?: string;
  trouble?: boolean;
  sort?: string;
  stream?: string;
}

/** `agent` is the one that the host is known by. */
export interface HostParams extends RefreshParams {
  agent?: string;
}

/** `action` is a group of actions; who and object are whole names. */
export interface AuditParams extends TimeParams {
  who?: string;
  action?: string;
  object?: string;
  refused?: boolean;
}

const rootRoute = createRootRoute({ component: Outlet, notFoundComponent: Missing });

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: (params: Params): { to?: string; ended?: boolean } => ({
    to: textParam(params, 'to'),
    ended: flagParam(params, 'ended'),
  }),
  component: lazyRouteComponent(() => import('@/pages/login/login'), 'LoginPage'),
});

const passwordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/password',
  validateSearch: (params: Params): { to?: string } => ({ to: textParam(params, 'to') }),
  component: lazyRouteComponent(() => import('@/pages/login/password'), 'PasswordPage'),
});

/** Everything that needs a person who is logged in. */
const insideRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'inside',
  component: Frame,
  beforeLoad: async ({ location }) => {
    const to = location.href === '/' ? undefined : location.href;
    try {
      const session = await queryClient.ensureQueryData(sessionQuery);
      if (session.must_change_password) throw redirect({ to: '/password', search: { to } });
    } catch (error) {
      if (isApiError(error, 'unauthorized')) throw redirect({ to: '/login', search: { to } });
      throw error;
    }
  },
});

const indexRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/overview', replace: true });
  },
});

const overviewRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/overview',
  staticData: { title: 'overview', refresh: true },
  validateSearch: (params: Params): RefreshParams => ({ refresh: timeParams(params).refresh }),
  component: lazyRouteComponent(() => import('@/pages/overview/overview'), 'OverviewPage'),
});

const searchRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/search',
  staticData: { title: 'search', time: true, refresh: true, live: true },
  validateSearch: (params: Params): SearchParams => ({
    q: textParam(params, 'q'),
    ...timeParams(params),
    cols: textParam(params, 'cols'),
    event: textParam(params, 'event'),
    context: textParam(params, 'context'),
  }),
  component: lazyRouteComponent(() => import('@/pages/search/search'), 'SearchPage'),
});

const alertsRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/alerts',
  staticData: { title: 'alerts', refresh: true },
  validateSearch: (params: Params): AlertsParams => ({
    refresh: timeParams(params).refresh,
    state: textParam(params, 'state'),
    level: textParam(params, 'level'),
    since: textParam(params, 'since'),
  }),
  component: lazyRouteComponent(() => import('@/pages/alerts/alerts'), 'AlertsPage'),
});

/** The same page with one alert open: beside the list, or instead of it where there is no room. */
const alertRoute = createRoute({
  getParentRoute: () => alertsRoute,
  path: '/$id',
  staticData: { title: 'alerts', refresh: true },
});

const silencesRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/silences',
  staticData: { title: 'silences', within: 'alerts', refresh: true },
  validateSearch: (params: Params): SilencesParams => ({
    refresh: timeParams(params).refresh,
    past: flagParam(params, 'past'),
  }),
  component: lazyRouteComponent(async () => {
    const [page] = await Promise.all([import('@/pages/silences/silences'), addArea('silences')]);
    return page;
  }, 'SilencesPage'),
});

const channelsRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/channels',
  staticData: { title: 'channels', within: 'alerts', refresh: true },
  validateSearch: (params: Params): ChannelsParams => ({
    refresh: timeParams(params).refresh,
    channel: textParam(params, 'channel'),
    make: textParam(params, 'make'),
    edit: textParam(params, 'edit'),
  }),
  component: lazyRouteComponent(async () => {
    // The condition of a route is shown as that of a silence is.
    const areas = [addArea('channels'), addArea('silences')];
    const [page] = await Promise.all([import('@/pages/channels/channels'), ...areas]);
    return page;
  }, 'ChannelsPage'),
});

/** An hour says little of a rule. */
const RULES_FROM = '-7d';

const rulesRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/rules',
  staticData: { title: 'rules', time: true, refresh: true },
  validateSearch: (params: Params): RulesParams => ({
    q: textParam(params, 'q'),
    ...timeParams(params),
    level: textParam(params, 'level'),
    origin: textParam(params, 'origin'),
    sort: textParam(params, 'sort'),
  }),
  beforeLoad: ({ search }) => {
    if (search.from || search.to) return;
    throw redirect({ to: '/rules', search: { ...search, from: RULES_FROM }, replace: true });
  },
  component: lazyRouteComponent(async () => {
    const [page] = await Promise.all([import('@/pages/rules/rules'), addArea('rules')]);
    return page;
  }, 'RulesPage'),
});

const ruleRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/rule',
  staticData: { title: 'rule', within: 'rules' },
  validateSearch: (params: Params): RuleParams => ({
    key: textParam(params, 'key'),
    copy: textParam(params, 'copy'),
  }),
  component: lazyRouteComponent(async () => {
    const [page] = await Promise.all([import('@/pages/rule/rule'), addArea('rule')]);
    return page;
  }, 'RulePage'),
});

const reportsRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/reports',
  staticData: { title: 'reports', refresh: true },
  validateSearch: (params: Params): ReportsParams => ({
    refresh: timeParams(params).refresh,
    report: textParam(params, 'report'),
    new: flagParam(params, 'new'),
  }),
  component: lazyRouteComponent(async () => {
    const [page] = await Promise.all([import('@/pages/reports/reports'), addArea('reports')]);
    return page;
  }, 'ReportsPage'),
});

const deliveryRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/delivery',
  staticData: { title: 'delivery', refresh: true },
  validateSearch: (params: Params): DeliveryParams => ({
    refresh: timeParams(params).refresh,
    q: textParam(params, 'q'),
    agent: textParam(params, 'agent'),
    trouble: params.trouble === '1' || undefined,
    sort: textParam(params, 'sort'),
    stream: textParam(params, 'stream'),
  }),
  component: lazyRouteComponent(async () => {
    const [page] = await Promise.all([import('@/pages/delivery/delivery'), addArea('delivery')]);
    return page;
  }, 'DeliveryPage'),
});

const hostRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/host',
  staticData: { title: 'host', within: 'delivery', refresh: true },
  validateSearch: (params: Params): HostParams => ({
    refresh: timeParams(params).refresh,
    agent: textParam(params, 'agent'),
  }),
  component: lazyRouteComponent(async () => {
    const areas = [addArea('host'), addArea('delivery')];
    const [page] = await Promise.all([import('@/pages/host/host'), ...areas]);
    return page;
  }, 'HostPage'),
});

/** Changes are few: an hour has none of them. */
const AUDIT_FROM = '-30d';

const auditRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/audit',
  staticData: { title: 'audit', time: true, refresh: true },
  validateSearch: (params: Params): AuditParams => ({
    ...timeParams(params),
    who: textParam(params, 'who'),
    action: textParam(params, 'action'),
    object: textParam(params, 'object'),
    refused: flagParam(params, 'refused'),
  }),
  beforeLoad: ({ search }) => {
    if (search.from || search.to) return;
    throw redirect({ to: '/audit', search: { ...search, from: AUDIT_FROM }, replace: true });
  },
  component: lazyRouteComponent(async () => {
    const [page] = await Promise.all([import('@/pages/audit/audit'), addArea('audit')]);
    return page;
  }, 'AuditPage'),
});

const missingRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '$',
  staticData: { title: 'missing' },
  component: Missing,
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    loginRoute,
    passwordRoute,
    insideRoute.addChildren([
      indexRoute,
      overviewRoute,
      searchRoute,
      alertsRoute.addChildren([alertRoute]),
      silencesRoute,
      channelsRoute,
      rulesRoute,
      ruleRoute,
      reportsRoute,
      deliveryRoute,
      hostRoute,
      auditRoute,
      missingRoute,
    ]),
  ]),
  parseSearch: parseParams,
  stringifySearch: formatParams,
  defaultErrorComponent: Crash,
  defaultPreload: 'intent',
  scrollRestoration: false,
});

setGate((where) => {
  queryClient.removeQueries({ queryKey: sessionQuery.queryKey });
  const here = router.state.location;
  if (here.pathname === '/login' || here.pathname === '/password') return;
  const to = here.href;
  if (where === 'login') void router.navigate({ to: '/login', search: { to, ended: true } });
  else void router.navigate({ to: '/password', search: { to } });
});
