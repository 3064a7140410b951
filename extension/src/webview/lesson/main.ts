import type { LessonMessage, LessonState } from "../../shared/protocol";
import { openChannel } from "../channel";
import "./lesson.css";
import { connect } from "./page";

connect(document, openChannel<LessonMessage, LessonState>());
