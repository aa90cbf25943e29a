/**
 * A place in a video as players write it: `0:42`, `1:02:07`.
 * @param seconds - from the beginning of the video
 * @param tenths - adds tenths of a second, where places lie close together: `0:42.4`
 */
export function timecode(seconds: number, tenths = false): string {
  const unit = tenths ? 10 : 1;
  const whole = Math.floor(Math.max(0, seconds) * unit + 1e-6);
  const total = Math.floor(whole / unit);
  const hours = Math.floor(total / 3600);
  const minutes = String(Math.floor((total % 3600) / 60)).padStart(hours > 0 ? 2 : 1, '0');
  const rest = String(total % 60).padStart(2, '0');
  return `${hours > 0 ? `${hours}:` : ''}${minutes}:${rest}${tenths ? `.${whole % 10}` : ''}`;
}
