import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["build/", "dist/", ".venv/", "**/*.mjs"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      eqeqeq: "error",
    },
  },
  { files: ["tests/**"], rules: { "max-lines-per-function": "off" } },
  // Generated, from a file that is read instead of it.
  { files: ["extension/src/worker/contract.ts"], rules: { "max-lines": "off" } },
);
