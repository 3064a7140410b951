// Lessons made up for tests.
import { parseLesson, type Lesson } from "../../../extension/src/lessons/lesson";

export const HEAD = `---
id: made-up
title: Made up
description: For tests.
category: basics
order: 1
tags: [test]
supportedHardware: [cpu]
status: validated
validated: in a test
estimatedMinutes: 1
---
`;

export const GENERATE = 'command:ttVideo.generateVideo?{"prompt":"a red ball"}';

export function lessonOf(body: string, head = HEAD): Lesson {
  const { lesson } = parseLesson(head + body);
  if (lesson === null) {
    throw new Error("the lesson's front matter cannot be used");
  }
  return lesson;
}
