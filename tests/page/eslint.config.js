const js = require('@eslint/js');
const globals = require('globals');

module.exports = [
  js.configs.recommended,
  { files: ['eslint.config.js'], languageOptions: { sourceType: 'commonjs', globals: globals.node } },
  { files: ['script.js', 'audit.js'], languageOptions: { sourceType: 'script', globals: globals.browser } },
  // It shares small things with the report, which uses all of them.
  { files: ['audit.js'], rules: { 'no-unused-vars': 'off' } },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error' },
  },
];
