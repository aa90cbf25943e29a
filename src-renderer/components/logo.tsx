/** A boat under sail; icon.svg is the same for browsers' tabs. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="currentColor" role="img" aria-label="Flotilla">
      <path d="M12.5 2.5v11H19z" />
      <path d="M11 5.5v8H5.5z" opacity="0.6" />
      <path d="M2.5 15.5h19l-2.6 4.6a2.8 2.8 0 0 1-2.4 1.4h-9a2.8 2.8 0 0 1-2.4-1.4z" />
    </svg>
  );
}
