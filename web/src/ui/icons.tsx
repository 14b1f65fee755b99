/** Icons are drawn in the colour of the text around them, and say nothing: what they stand for is said beside them. */
function icon(path: string) {
  return () => (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

export const SearchIcon = icon("M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM20 20l-4.8-4.8");
export const PinIcon = icon(
  "M12 21s7-6.2 7-11.2A7 7 0 0 0 5 9.800C5 14.8 12 21 12 21zM12 12.300a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
);
export const CloseIcon = icon("M6 6l12 12M18 6L6 18");
export const CalendarIcon = icon("M5 6h14v14H5zM5 10h14M9 3.500V7M15 3.500V7");
export const TicketIcon = icon("M4 7h16v3.500a1.5 1.5 0 0 0 0 3V17H4v-3.500a1.5 1.5 0 0 0 0-3zM14.5 7v10");
export const ChevronIcon = icon("M9 6l6 6-6 6");
export const WheelchairIcon = icon("M10.5 4.500h.01M10.5 8v6h5l2.5 5M14.5 11h-4M9 11.500a4.5 4.5 0 1 0 5.2 6");
export const WarningIcon = icon("M12 4l9 16H3zM12 10v4.500M12 17.300h.01");
