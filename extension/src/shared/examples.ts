// The files that come with the lessons, by name: nothing else is taken from a lesson for an example.
/** In media/examples: storyboards, a folder of pictures, a picture. */
export const EXAMPLES = ["a_small_story.txt", "video_prompts.txt", "postcards", "postcards/1_ocean.png"] as const;
export type Example = (typeof EXAMPLES)[number];

/** What a lesson gives a command instead of a path. */
export interface ExampleArgument {
  readonly example: Example;
}

export function isExample(value: unknown): value is ExampleArgument {
  return (
    typeof value === "object" &&
    value !== null &&
    "example" in value &&
    EXAMPLES.some((example) => example === value.example)
  );
}
