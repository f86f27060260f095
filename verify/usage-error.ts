/** The exit code for a wrong command line (EX_USAGE of sysexits.h); lower ones say how things stand. */
export const usageError = 64;
