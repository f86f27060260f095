@node "%~dp0host.ts" %*
