// The first of what knows how a language writes numbers is dear to make. The page loads this module beside all others, so that it is
// made while they are on their way, and not in one go with them.

new Intl.NumberFormat(document.documentElement.lang).format(0);
