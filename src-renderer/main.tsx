import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { StatusPage } from './pages/status.tsx';
import './style.css';

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <StatusPage />
  </StrictMode>,
);
