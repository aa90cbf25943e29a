const EXTENSIONS = new Set(
  '.mkv .mp4 .m4v .avi .mov .qt .ts .m2ts .mts .m2t .webm .wmv .asf .flv .f4v .mpg .mpeg .m2v .vob .ogv .ogm .3gp .3g2 .rm .rmvb .divx .mxf .wtv .dv .y4m'.split(
    ' ',
  ),
);

/**
 * Folders that systems create: recycle bins, snapshots, caches, and recovered files. In lowercase, since shares report
 * names in varying case. Hidden folders are left out separately.
 */
const SYSTEM_FOLDERS = new Set([
  // Windows
  ...['$recycle.bin', 'recycler', 'recycled', 'recycle bin', 'system volume information', '$extend'],
  // Synology, QNAP, Asustor and TerraMaster
  ...['#recycle', '#snapshot', '@recycle', '@recently-snapshot', '@snapshot', '@snapshots', '@sharebin', '@sharesnap'],
  ...['@eadir', '@tmp', '@img_bkp_cache', '@transcode'],
  // NetApp, Buffalo and Apple's file server
  ...['~snapshot', 'trashbox', 'network trash folder', 'network trash', 'temporary items'],
  // Nextcloud and ownCloud
  ...['files_trashbin', 'files_versions'],
  'lost+found',
]);

/** What chkdsk found, earlier versions as Samba shows them, and Thecus' bins. */
const SYSTEM_PATTERN = /^(found\.\d{3}|@gmt-[\d.-]+|_nas_recycle_.*)$/;

/** True for the name of a file that may be a video. */
export function isMediaName(name: string): boolean {
  return EXTENSIONS.has(name.slice(name.lastIndexOf('.')).toLowerCase());
}

/** True for names that are hidden, or a system's own. */
export function isLeftAlone(name: string): boolean {
  const lower = name.toLowerCase();
  return lower.startsWith('.') || SYSTEM_FOLDERS.has(lower) || SYSTEM_PATTERN.test(lower);
}

/** True for a path below a root that leads into something that is left alone. */
export function isInLeftAlone(relative: string): boolean {
  return relative.split('/').some(isLeftAlone);
}

/** Name of the video that a placeholder of iCloud (`.video.mkv.icloud`), Nextcloud or ownCloud stands for; undefined for other names. */
export function stubbedName(name: string): string | undefined {
  const [, video] = /^\.(.+)\.icloud$/i.exec(name) ?? /^(.+)\.(?:nextcloud|owncloud|opencloud)$/i.exec(name) ?? [];
  return video !== undefined && isMediaName(video) ? video : undefined;
}
