import './app/mantine.css';
import './app/tokens.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/app';
import { startI18n } from './i18n';

async function start() {
  await startI18n();
  const root = document.getElementById('root');
  if (root) createRoot(root).render(<App />);
}

void start();
