import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

/** The film whose drawer is open, from the address. */
export function useOpenedFile(): number | null {
  const [params] = useSearchParams();
  const id = Number(params.get('file'));
  return Number.isInteger(id) && id > 0 ? id : null;
}

/** Opens the drawer of a film over whatever page is shown; null closes it. */
export function useOpenFile(): (id: number | null) => void {
  const [, setParams] = useSearchParams();
  return useCallback(
    (id) =>
      setParams((now) => {
        const params = new URLSearchParams(now);
        if (id === null) params.delete('file');
        else params.set('file', String(id));
        return params;
      }),
    [setParams],
  );
}
