import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', '.bench/', 'node_modules/', 'reports/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Index arithmetic on typed arrays is checked by the loop, not by the type.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    // What computes knows no command line and prints nothing.
    files: ['src/{metrics,hand,statistics,formats,imaging,tta,diagnosis}/**/*.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['**/*.ts'],
    ignores: ['src/inference/session/onnxruntime.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'onnxruntime-node',
              allowTypeImports: true,
              message: 'src/inference/session/onnxruntime.ts loads it, without its telemetry.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    // These read what is always there: the package's own files, /proc, and a descriptor that is open.
    ignores: [
      'src/files/open-file.ts',
      'src/files/lock.ts',
      'src/program.ts',
      'src/report/page/client-script.ts',
      'src/workers/address-space.ts',
      'src/formats/zip/zip-source.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        ...['node:fs', 'node:fs/promises'].map((name) => ({
          name,
          importNames: ['readFile', 'readFileSync', 'createReadStream'],
          message: 'src/files/open-file.ts reads files, and does not wait for a pipe.',
        })),
      ],
    },
  },
  {
    files: ['**/*.mjs', 'bin/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
