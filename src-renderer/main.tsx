import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { connectLive } from './store/live.ts';
import { subscribeToChanges } from './store/queries.ts';

subscribeToChanges();
connectLive();
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
