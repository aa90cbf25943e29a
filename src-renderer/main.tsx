import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { keepAnswersCurrent } from './store/calls.ts';
import { goLive } from './store/live.ts';

keepAnswersCurrent();
goLive();
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
