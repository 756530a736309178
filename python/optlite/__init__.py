"""optlite: certified estimators and a steppable optimization toolbox on a C++ core."""
