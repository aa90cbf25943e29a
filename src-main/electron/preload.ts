import { contextBridge } from 'electron';
import { version } from '../../package.json';

/** What the desktop adds to the page that any browser shows. */
contextBridge.exposeInMainWorld('desktop', { version });
