const EXTENSIONS = new Set(
  '.mkv .mp4 .m4v .avi .mov .qt .ts .m2ts .mts .m2t .webm .wmv .asf .flv .f4v .mpg .mpeg .m2v .vob .ogv .ogm .3gp .3g2 .rm .rmvb .divx .mxf .wtv .dv .y4m'.split(
    ' ',
  ),
);

/** Folders that systems make for themselves; hidden ones are left out anyway. */
const SYSTEM_FOLDERS = new Set(['$RECYCLE.BIN', 'System Volume Information', '@eaDir', '#recycle', 'lost+found']);

/** True for the name of a file that may be a film. */
export function isMediaName(name: string): boolean {
  return EXTENSIONS.has(name.slice(name.lastIndexOf('.')).toLowerCase());
}

/** True for names that are hidden, or a system's own. */
export function isLeftAlone(name: string): boolean {
  return name.startsWith('.') || SYSTEM_FOLDERS.has(name);
}
